"""The door of a merchant's staff: pages that parse, call one verb of the domain and render (SPEC A1, A2, C1, P1–P8)."""
