"""spandsp's numbers for modems and codings, for tests that describe a machine; needs no library."""

V27, V29, V17 = 1, 2, 4
MH, MR, MMR = 2, 4, 8
