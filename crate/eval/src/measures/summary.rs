//! Many questions as means with intervals.

use std::collections::BTreeMap;

use serde::Serialize;

use super::bootstrap::{Interval, Ratio, interval};
use super::{Convention, Measure, Measured};

/// One measure over some questions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figure {
    /// The share or mean, 0 to 1.
    pub value: f64,
    /// 95%, by 1,000 resamples of pictures with the same seed every time.
    #[serde(flatten)]
    pub interval: Interval,
    /// How many questions it is about.
    pub questions: usize,
}

/// All measures that apply to a group of questions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// How many questions there are.
    pub questions: usize,
    /// How many pictures they are about.
    pub pictures: usize,
    /// Each measure that applies to at least one of the questions.
    pub measures: BTreeMap<Measure, Figure>,
}

impl Summary {
    /// Summarizes questions, each with the name of its picture.
    #[must_use]
    pub fn of<'a>(
        questions: impl IntoIterator<Item = (&'a str, &'a Measured)>,
        convention: Convention,
    ) -> Self {
        // In a fixed order, on which resampling depends.
        let mut pictures: BTreeMap<&str, Vec<&Measured>> = BTreeMap::new();
        for (picture, question) in questions {
            pictures.entry(picture).or_default().push(question);
        }
        let pictures: Vec<Vec<&Measured>> = pictures.into_values().collect();
        let figure = |&measure: &Measure| Some((measure, figure(measure, &pictures, convention)?));
        Self {
            questions: pictures.iter().map(Vec::len).sum(),
            pictures: pictures.len(),
            measures: Measure::ALL.iter().filter_map(figure).collect(),
        }
    }

    /// A figure, where it applies to any of the questions.
    #[must_use]
    pub fn get(&self, measure: Measure) -> Option<Figure> {
        self.measures.get(&measure).copied()
    }
}

fn figure(measure: Measure, pictures: &[Vec<&Measured>], convention: Convention) -> Option<Figure> {
    let mut questions = 0;
    let mut all = Ratio::default();
    let mut clusters = Vec::with_capacity(pictures.len());
    for picture in pictures {
        let mut sum = Ratio::default();
        for question in picture {
            let ratio = measure.of(question, convention);
            questions += usize::from(ratio.denominator > 0.0);
            sum.numerator += ratio.numerator;
            sum.denominator += ratio.denominator;
        }
        all.numerator += sum.numerator;
        all.denominator += sum.denominator;
        if sum.denominator > 0.0 {
            clusters.push(sum);
        }
    }
    Some(Figure {
        value: all.numerator / (all.denominator + measure.epsilon(convention)),
        interval: interval(&clusters)?,
        questions,
    })
}
