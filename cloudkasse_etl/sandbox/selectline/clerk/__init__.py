"""What a clerk does in SelectLine: the page in the browser, and the same by HTTP for tests and the demo."""
