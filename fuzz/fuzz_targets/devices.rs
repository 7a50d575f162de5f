#![no_main]
//! An operator's file of devices: what is read counts, and no known device is lost by it.

use deliver::Devices;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(devices) = Devices::with(text) else { return };
    let built_in = Devices::default();
    assert!(built_in.iter().all(|device| devices.get(&device.name).is_some()));
    assert!(devices.iter().all(|device| !device.name.is_empty() && !device.source.trim().is_empty()));
});
