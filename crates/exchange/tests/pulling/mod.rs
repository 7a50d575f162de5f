//! The clients against servers as they were met: whatever their pages look like, every object or event comes, and the walk
//! ends.

mod asking;
mod events;
mod fake;
mod walking;
