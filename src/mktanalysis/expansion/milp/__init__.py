"""The choices as a mixed-integer programme: its columns and rows, what neighbours save, what is maximised."""
