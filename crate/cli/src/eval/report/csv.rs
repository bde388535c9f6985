//! One line for each question.

use std::collections::HashMap;

use askmask_eval::datasets::Dataset;

use crate::eval::rows::Row;

const HEAD: &str = "id,picture,split,family,question,answer,expected,targeted,segs,score,\
    intersection,union,predicted,truth,boundary_f,same_words,named,constraints,statements_checked,\
    statements_right,seconds\n";

pub fn text(rows: &[Row], data: &Dataset) -> String {
    let expected: HashMap<&str, &str> = data
        .questions()
        .filter_map(|q| Some((q.id.as_str(), q.target.answer()?)))
        .collect();
    let mut text = HEAD.to_owned();
    for row in rows {
        let m = &row.measured;
        let overlap = m.overlap();
        let flag = |value: Option<bool>| value.map_or_else(String::new, |v| v.to_string());
        let expected = expected.get(row.id.as_str()).copied().unwrap_or_default();
        let texts = [
            row.id.as_str(),
            &row.picture,
            &row.split,
            &row.family,
            &row.question,
            &row.answer,
            expected,
        ];
        let cells = texts.map(cell).into_iter().chain([
            m.targeted.to_string(),
            m.segs.to_string(),
            format!("{:.6}", row.score()),
            overlap.intersection.to_string(),
            overlap.union.to_string(),
            overlap.predicted.to_string(),
            overlap.truth.to_string(),
            format!("{:.6}", m.boundary_f),
            flag(m.same_words),
            flag(m.named),
            flag(m.constraints),
            m.statements.checked.to_string(),
            m.statements.right.to_string(),
            format!("{:.3}", row.seconds),
        ]);
        text += &cells.collect::<Vec<_>>().join(",");
        text.push('\n');
    }
    text
}

/// A text in quotes. What a spreadsheet would take for a formula gets an apostrophe before it.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guard = if formula { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stay_in_their_cell_and_are_no_formulas() {
        assert_eq!(cell("a, \"b\"\nc"), "\"a, \"\"b\"\"\nc\"");
        assert_eq!(cell("=1+1"), "\"'=1+1\"");
    }
}
