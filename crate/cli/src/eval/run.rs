//! Asks every question that was not answered yet.

use std::collections::HashMap;
use std::time::Instant;

use askmask_core::mask::rle::Rle;
use askmask_core::pipeline::{AskOptions, LoadOptions, Model, ModelFiles, Picture as Encoded};
use askmask_core::{Error, Mask};
use askmask_eval::datasets::{Dataset, Fault as DataFault, Picture, Problem, Question};
use askmask_eval::measures::{Measured, Prediction};

use super::host::EvalHost;
use super::rows::{Log, Row};
use super::shown::Shown;
use crate::fault::Fault;

/// All answers, in the order of the data.
pub fn answer(
    files: ModelFiles,
    options: LoadOptions,
    shown: Shown,
    data: &mut Dataset,
    (mut log, done): (Log, Vec<Row>),
) -> Result<Vec<Row>, Fault> {
    let mut rows: HashMap<String, Row> = done.into_iter().map(|r| (r.id.clone(), r)).collect();
    let host = EvalHost::new();
    let answered = data
        .questions()
        .filter(|q| rows.contains_key(&q.id))
        .count();
    let total = data.questions().count();
    let mut faults = Vec::new();
    if answered < total {
        let model = pollster::block_on(Model::load(files, options, &host))?;
        host.count_questions(answered, total);
        let mut questioner = Questioner {
            model,
            host: &host,
            shown,
            grey: None,
        };
        for (index, picture) in data.pictures.iter().enumerate() {
            let open: Vec<&Question> = picture
                .questions
                .iter()
                .filter(|question| !rows.contains_key(&question.id))
                .collect();
            if open.is_empty() {
                continue;
            }
            let answers = pollster::block_on(questioner.picture(
                data,
                index,
                &open,
                &mut faults,
                &mut |row| {
                    log.append(&row)?;
                    rows.insert(row.id.clone(), row);
                    Ok(())
                },
            ));
            if let Err(Fault::Core(Error::Cancelled)) = answers {
                host.finish();
                eprintln!(
                    "{} of {total} questions are answered; the same command goes on",
                    rows.len()
                );
            }
            answers?;
        }
    }
    host.finish();
    let ordered = data
        .questions()
        .filter_map(|q| rows.remove(&q.id))
        .collect();
    data.faults.extend(faults);
    Ok(ordered)
}

struct Questioner<'a> {
    model: Model,
    host: &'a EvalHost,
    shown: Shown,
    /// The last grey picture: one of the same size needs no second encoding.
    grey: Option<Encoded>,
}

impl Questioner<'_> {
    /// Asks the `open` questions about one picture.
    async fn picture(
        &mut self,
        data: &Dataset,
        index: usize,
        open: &[&Question],
        faults: &mut Vec<DataFault>,
        keep: &mut dyn FnMut(Row) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let picture = &data.pictures[index];
        let mut leave_out = |place: &str, problem: Problem, count: usize| {
            faults.push(problem.at(place, count));
            self.host.advance(count);
        };
        let reused = self.grey.take();
        let encoded = match self.encode(data, index, reused).await {
            Ok(encoded) => encoded,
            Err(Failure::Input(problem)) => {
                leave_out(&picture.name, problem, open.len());
                return Ok(());
            }
            Err(Failure::Run(error)) => return Err(error.into()),
        };
        for question in open {
            match self.question(&encoded, picture, question).await {
                Ok(row) => {
                    keep(row)?;
                    self.host.advance(1);
                }
                Err(Failure::Input(problem)) => leave_out(&question.id, problem, 1),
                Err(Failure::Run(error)) => return Err(error.into()),
            }
        }
        if self.shown == Shown::Grey {
            self.grey = Some(encoded);
        }
        Ok(())
    }

    /// The picture, or `reused` where that is of the same size.
    async fn encode(
        &self,
        data: &Dataset,
        index: usize,
        reused: Option<Encoded>,
    ) -> Result<Encoded, Failure> {
        let image = self.shown.image(data, index)?;
        match reused.filter(|grey| grey.size() == image.size) {
            Some(grey) => Ok(grey),
            None => Ok(self.model.set_image(image, self.host).await?),
        }
    }

    async fn question(
        &self,
        encoded: &Encoded,
        picture: &Picture,
        question: &Question,
    ) -> Result<Row, Failure> {
        let size = encoded.size();
        let truth = question.target.truth(size)?;
        let started = Instant::now();
        let options = AskOptions::default();
        let answer = encoded.ask(&question.text, &options, self.host).await?;
        let seconds = started.elapsed().as_secs_f64();
        let mut mask = Mask {
            size,
            data: vec![0; size.pixels()],
        };
        for object in &answer.objects {
            mask = mask.union(&object.mask)?;
        }
        let prediction = Prediction {
            marked: answer.marked,
            segs: answer.objects.len() as u32,
            mask,
        };
        let measured = Measured::of(&prediction, &truth)?;
        Ok(Row {
            id: question.id.clone(),
            picture: picture.name.clone(),
            split: question.split.clone(),
            family: question.family.clone(),
            question: question.text.clone(),
            answer: prediction.marked,
            mask: Rle::encode(&prediction.mask),
            seconds,
            measured,
        })
    }
}

/// Why a question has no answer.
enum Failure {
    /// The picture or question cannot be used: it alone is left out.
    Input(Problem),
    /// All others would fail too.
    Run(Error),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Input(problem)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::InvalidImage { .. }
            | Error::ImageTooLarge { .. }
            | Error::InvalidQuery { .. }
            | Error::PromptTooLong { .. } => Self::Input(error.into()),
            other => Self::Run(other),
        }
    }
}
