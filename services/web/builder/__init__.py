"""The rule builder: what may be asked for as controls of a form, and back."""
