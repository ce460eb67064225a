"""SelectLine's Web API as a client sees it: sessions, routes, fields, and its errors."""
