"""The REST interface under `/api/v1`: every route, its bodies, its errors."""
