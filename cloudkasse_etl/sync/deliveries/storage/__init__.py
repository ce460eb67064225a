"""What moves stock alone in SelectLine: manual storages, made, sent exactly once, compared with our movements."""
