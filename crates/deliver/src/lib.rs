//! The ladder: advisory, list, response-policy zone, detection rules.
