//! Against what was recorded.
