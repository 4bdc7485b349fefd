"""The compliance officer's desk: what was disclosed, to whom, under which paper, with proof; and what waits."""
