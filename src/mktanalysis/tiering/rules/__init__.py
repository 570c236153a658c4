"""Tiers by rule: what a rule file may say, and applying it to regions."""
