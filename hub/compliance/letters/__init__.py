"""Letters to patients as PDF, English and Spanish: calm, in plain words, with dates as people write them."""
