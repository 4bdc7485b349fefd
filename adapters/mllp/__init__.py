"""HL7 v2 over MLLP: frames, a tolerant reader, acknowledgements, a listener and a channel."""
