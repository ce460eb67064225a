"""The sandbox that misbehaves: which faults there are, and how each looks on the wire."""
