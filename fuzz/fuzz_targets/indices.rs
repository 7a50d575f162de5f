#![no_main]
//! Tables of public models, and files of own assessments: no figure is beyond its scale, all have a source, and what is read once is
//! there already the second time.

use libfuzzer_sys::fuzz_target;
use region::capacity::index::{Given, Indices};
use region::capacity::sim3;

fuzz_target!(|data: &[u8]| {
    let given = |model: Option<&str>, year| Given {
        model: model.map(str::to_owned),
        year,
        source: "table.csv".to_owned(),
        year_max: 2026,
    };
    for given in [given(None, None), given(Some("gci"), Some(2024)), given(Some("cmm"), Some(2021)), given(Some("x"), None)] {
        let mut indices = Indices::default();
        let Ok(report) = indices.read(data, &given) else { continue };
        let mut count = 0;
        for country in indices.countries() {
            for figure in indices.figures(country) {
                assert!((0.0..=figure.max).contains(&figure.value), "{figure:?}");
                assert_eq!(figure.source, "table.csv");
                count += 1;
            }
            assert!(indices.latest(country).count() <= indices.figures(country).len());
        }
        assert_eq!(count, report.figures);
        let again = indices.read(data, &given).map(|report| report.figures);
        assert_eq!(again.ok(), Some(0), "all of it is there already");
    }
    if let Some(levels) = std::str::from_utf8(data).ok().and_then(|text| sim3::read(text).ok()) {
        assert!(levels.iter().all(|(number, level)| sim3::Parameter::of(number).is_some() && *level <= sim3::LEVEL_MAX));
    }
});
