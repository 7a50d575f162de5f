#![no_main]
//! stub
