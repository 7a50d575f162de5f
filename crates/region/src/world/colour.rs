//! A row of colours that says more and less to everyone: from dark blue over grey to yellow, each step lighter than the one before.
//!
//! Blue and yellow are told apart by people who do not tell red from green, and lightness by those who see no colour at all. The
//! row goes straight through the colour space OKLab, so that steps look alike.
//!
//! Source: Ottosson, "A perceptual color space for image processing", 2020; WCAG 2.2, 1.4.1 (colour alone says nothing: numbers stand
//! beside it).

/// The steps of the row.
pub const STEPS: usize = 7;

/// The darkest and the lightest, in OKLab.
const DARK: [f64; 3] = [0.30, -0.01, -0.085];
const LIGHT: [f64; 3] = [0.93, -0.02, 0.145];

/// A colour between both ends, `part` from 0 to 1, as `#rrggbb`.
#[must_use]
pub fn ramp(part: f64) -> String {
    let part = if part.is_finite() { part.clamp(0.0, 1.0) } else { 0.0 };
    let mix = |at: usize| DARK[at] + (LIGHT[at] - DARK[at]) * part;
    let [red, green, blue] = of_oklab([mix(0), mix(1), mix(2)]);
    format!("#{red:02x}{green:02x}{blue:02x}")
}

fn of_oklab([light, a, b]: [f64; 3]) -> [u8; 3] {
    let cube = |number: f64| number * number * number;
    let l = cube(light + 0.396_337_777_4 * a + 0.215_803_757_3 * b);
    let m = cube(light - 0.105_561_345_8 * a - 0.063_854_172_8 * b);
    let s = cube(light - 0.089_484_177_5 * a - 1.291_485_548_0 * b);
    let linear = [
        4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s,
        -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s,
        -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701_0 * s,
    ];
    linear.map(|part| {
        let part = part.clamp(0.0, 1.0);
        let curved = if part <= 0.003_130_8 { 12.92 * part } else { 1.055 * part.powf(1.0 / 2.4) - 0.055 };
        (curved * 255.0).round() as u8
    })
}

/// Shares at which a new step begins: ten times as much is three steps.
pub const BOUNDS: [f64; STEPS - 1] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05];

/// The step of a share, from 0.
#[must_use]
pub fn step(share: f64) -> usize {
    BOUNDS.iter().filter(|bound| share >= **bound).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(colour: &str) -> f64 {
        let part = |at: usize| {
            let part = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    }

    #[test]
    fn each_step_is_lighter_and_told_from_its_neighbours() {
        let row: Vec<f64> = (0..STEPS).map(|at| luminance(&ramp(at as f64 / (STEPS - 1) as f64))).collect();
        for pair in row.windows(2) {
            // Contrast as WCAG 2.2 counts it.
            assert!((pair[1] + 0.05) / (pair[0] + 0.05) > 1.25, "{row:?}");
        }
        assert!((row[STEPS - 1] + 0.05) / (row[0] + 0.05) > 7.0, "{row:?}");
    }

    #[test]
    fn shares_have_steps() {
        let steps = [0.0, 0.000_9, 0.001, 0.019, 0.05, 1.0].map(step);
        assert_eq!(steps, [0, 0, 1, 4, 6, 6]);
        assert_eq!(ramp(f64::NAN), ramp(0.0));
    }
}
