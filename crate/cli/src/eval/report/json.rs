//! Everything as JSON, with what it depends on.

use askmask_eval::measures::Convention;
use serde_json::json;

use super::results::Report;

pub fn text(report: &Report) -> String {
    let seconds: f64 = report.rows.iter().map(|row| row.seconds).sum();
    let value = json!({
        "format": "askmask-eval",
        "version": 1,
        "provenance": report.provenance,
        "convention": convention(report.convention),
        "questions": report.rows.len(),
        "left_out": report.data.faults.iter().map(|fault| fault.left_out).sum::<usize>(),
        "seconds_a_question": seconds / report.rows.len().max(1) as f64,
        "groups": report.groups,
        "faults": report.data.faults,
    });
    format!("{value:#}\n")
}

fn convention(convention: Convention) -> &'static str {
    match convention {
        Convention::Scenes => {
            "gIoU is the mean of I/(U+1e-5), cIoU is sum I/(sum U+1e-10), over questions with a \
             target; the others count as right without [SEG]"
        }
        Convention::ReasonSeg => {
            "gIoU is the mean of I/(U+1e-5), plus 1 where U is 0; cIoU is sum I/(sum U+1e-10); \
             ignored pixels leave both sides; answers without [SEG] count as empty masks"
        }
        Convention::GRefCoco => {
            "gIoU counts a question without target as 1 when the mask is empty and 0 otherwise; \
             cIoU is sum I/sum U; Pr@k is over questions with a target"
        }
    }
}
