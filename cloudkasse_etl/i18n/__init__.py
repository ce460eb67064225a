"""What people read: sentences in the language of the settings, and numbers and dates as that language writes them."""
