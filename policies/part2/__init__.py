"""42 CFR part 2, as amended by 89 FR 12472: one module for each subject, one function for each paragraph."""
