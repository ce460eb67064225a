"""DSFinV-K: the legal record that each register in Germany exports; read only (docs/dsfinvk.md)."""
