"""The second ten versions of our tables; the others are beside this folder."""
