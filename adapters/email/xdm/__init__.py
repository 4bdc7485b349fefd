"""XDM packages (IHE ITI, Cross-enterprise Document Media Interchange), as Direct mail carries them."""
