"""What may be chosen and what it is worth: response, programmes, people, one row a choice, a plan's value."""
