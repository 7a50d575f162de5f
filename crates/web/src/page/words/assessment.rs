//! What is wrong with an assessment, in the viewer's language.

use region::capacity::sim3::{AssessmentError, LEVEL_MAX};

use super::super::view::View;

/// Why it was not kept.
pub(in crate::page) fn fault(view: &View, fault: &AssessmentError) -> String {
    if !view.is_korean() {
        return fault.to_string();
    }
    match fault {
        AssessmentError::Parameter { number, .. } => format!(
            "{number} 항목은 SIM3 v1에 없습니다. O-1~O-11(O-6 제외), H-1~H-7, T-1~T-10, P-1~P-17입니다"
        ),
        AssessmentError::Level { number, level, .. } => {
            format!("{number}의 수준이 {level}입니다. 수준은 0부터 {LEVEL_MAX}까지입니다")
        }
        AssessmentError::Twice { number, .. } => format!("{number}에 이미 답했습니다"),
        AssessmentError::Empty => "답한 항목이 없습니다".to_owned(),
        AssessmentError::Long => "너무 깁니다".to_owned(),
        AssessmentError::Day(day) => format!("{day} 날짜를 읽을 수 없습니다. 2026-11-29처럼 적으십시오"),
        // What is new there, and has no Korean here yet.
        _ => fault.to_string(),
    }
}
