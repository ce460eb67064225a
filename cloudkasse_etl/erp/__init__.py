"""The ERP's side, a package a way to reach it."""
