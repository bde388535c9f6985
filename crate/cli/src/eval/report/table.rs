//! Groups as a table in Markdown that reads well in a terminal too.

use std::fmt::Write;

use askmask_eval::measures::{Convention, Figure, Interval, Measure};

use super::results::Group;
use crate::terminal::printable;

/// The measures that a data set is known by, with the heads of their columns.
fn columns(convention: Convention) -> &'static [(&'static str, Measure)] {
    match convention {
        Convention::Scenes => &[
            ("gIoU", Measure::GIou),
            ("cIoU", Measure::CIou),
            ("boundary F", Measure::BoundaryF),
            ("false premise right", Measure::FalsePremiseRight),
            ("false refusals", Measure::FalseRefusals),
            ("presence", Measure::Presence),
            ("constraints", Measure::Constraints),
            ("steps", Measure::Steps),
            ("answer-guided", Measure::AnswerGuidedIou),
        ],
        Convention::ReasonSeg => &[
            ("gIoU", Measure::GIou),
            ("cIoU", Measure::CIou),
            ("boundary F", Measure::BoundaryF),
            ("Pr@0.7", Measure::Pr70),
            ("Pr@0.8", Measure::Pr80),
            ("Pr@0.9", Measure::Pr90),
            ("without [SEG]", Measure::FalseRefusals),
        ],
        Convention::GRefCoco => &[
            ("gIoU", Measure::GIou),
            ("cIoU", Measure::CIou),
            ("boundary F", Measure::BoundaryF),
            ("Pr@0.7", Measure::Pr70),
            ("Pr@0.8", Measure::Pr80),
            ("Pr@0.9", Measure::Pr90),
            ("N-acc", Measure::NAcc),
            ("T-acc", Measure::TAcc),
        ],
    }
}

/// Head and cells of every line.
pub fn cells(groups: &[Group], convention: Convention) -> Vec<Vec<String>> {
    let columns = columns(convention);
    let mut head = vec!["split".to_owned(), "family".into(), "questions".into()];
    head.extend(columns.iter().map(|(name, _)| (*name).to_owned()));
    let mut lines = vec![head];
    for group in groups {
        let name = |name: &Option<String>| name.clone().unwrap_or_else(|| "all".into());
        let mut line = vec![
            name(&group.split),
            name(&group.family),
            group.summary.questions.to_string(),
        ];
        line.extend(
            columns
                .iter()
                .map(|&(_, measure)| figure(group.summary.get(measure))),
        );
        lines.push(line);
    }
    lines
}

fn figure(figure: Option<Figure>) -> String {
    let text = |f: Figure| {
        let Interval { low, high } = f.interval;
        format!("{:.3} ({low:.2}–{high:.2})", f.value)
    };
    figure.map(text).unwrap_or_default()
}

pub fn text(groups: &[Group], convention: Convention) -> String {
    let lines = cells(groups, convention);
    let columns = lines.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            let lengths = lines.iter().filter_map(|line| line.get(column));
            lengths.map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        let padded = line.iter().zip(&widths).map(|(cell, &width)| {
            let cell = printable(cell).replace('|', "/");
            format!("{cell:width$}")
        });
        let _ = writeln!(text, "| {} |", padded.collect::<Vec<_>>().join(" | "));
        if number == 0 {
            let rule = widths.iter().map(|&width| "-".repeat(width));
            let _ = writeln!(text, "| {} |", rule.collect::<Vec<_>>().join(" | "));
        }
    }
    text
}
