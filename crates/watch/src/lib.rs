//! Actionable values, their normal forms, and the guard that keeps harmless ones out of blocking artefacts.
