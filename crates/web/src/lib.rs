//! Log-in, pages and forms for people.
