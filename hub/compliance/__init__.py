"""What the law makes a program able to show: accounting, registers, letters, exports, answers to an auditor."""
