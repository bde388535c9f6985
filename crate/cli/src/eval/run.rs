//! Asks every question that was not answered yet.

use std::collections::HashMap;
use std::time::Instant;

use askmask_core::mask::rle::Rle;
use askmask_core::pipeline::{AskOptions, LoadOptions, Model, ModelFiles, Picture as Encoded};
use askmask_core::{Error, ImageSize, Mask};
use askmask_eval::datasets::{Dataset, Fault as DataFault, Picture, Problem, Question};
use askmask_eval::measures::{Measured, Said};

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
        let mut leave_out = |problem: Problem, count: usize| {
            faults.push(problem.at(&picture.name, count));
            self.host.advance(count);
        };
        let image = match self.shown.image(data, index) {
            Ok(image) => image,
            Err(problem) => {
                leave_out(problem, open.len());
                return Ok(());
            }
        };
        let size = image.size;
        let reused = self.grey.take().filter(|grey| grey.size() == size);
        let encoded = match reused {
            Some(grey) => grey,
            None => match self.model.set_image(image, self.host).await {
                Ok(encoded) => encoded,
                Err(error) => {
                    leave_out(of_input(error)?, open.len());
                    return Ok(());
                }
            },
        };
        for question in open {
            match self.question(&encoded, picture, question, size).await {
                Ok(row) => {
                    keep(row)?;
                    self.host.advance(1);
                }
                Err(Failure::Question(problem)) => leave_out(problem, 1),
                Err(Failure::Run(error)) => return Err(error.into()),
            }
        }
        if self.shown == Shown::Grey {
            self.grey = Some(encoded);
        }
        Ok(())
    }

    async fn question(
        &self,
        encoded: &Encoded,
        picture: &Picture,
        question: &Question,
        size: ImageSize,
    ) -> Result<Row, Failure> {
        let truth = question.target.truth(size)?;
        let started = Instant::now();
        let options = AskOptions::default();
        let answer = encoded.ask(&question.text, &options, self.host).await;
        let answer = answer.map_err(|error| match of_input(error) {
            Ok(problem) => Failure::Question(problem),
            Err(error) => Failure::Run(error),
        })?;
        let seconds = started.elapsed().as_secs_f64();
        let mut mask = Mask {
            size,
            data: vec![0; size.pixels()],
        };
        for object in &answer.objects {
            mask = mask.union(&object.mask).map_err(Problem::from)?;
        }
        let said = Said {
            marked: answer.marked,
            segs: answer.objects.len() as u32,
            mask,
        };
        let measured = Measured::of(&said, &truth).map_err(Problem::from)?;
        Ok(Row {
            id: question.id.clone(),
            picture: picture.name.clone(),
            split: question.split.clone(),
            family: question.family.clone(),
            question: question.text.clone(),
            answer: said.marked,
            mask: Rle::encode(&said.mask),
            seconds,
            measured,
        })
    }
}

/// Why a question has no answer.
enum Failure {
    /// It alone is left out.
    Question(Problem),
    /// So would be all others.
    Run(Error),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Question(problem)
    }
}

/// A picture or question that cannot be used is left out; everything else ends the run.
fn of_input(error: Error) -> Result<Problem, Error> {
    match error {
        Error::InvalidImage { .. }
        | Error::ImageTooLarge { .. }
        | Error::InvalidQuery { .. }
        | Error::PromptTooLong { .. } => Ok(error.into()),
        other => Err(other),
    }
}
