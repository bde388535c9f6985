//! From bytes to masks: the only module that knows every stage.
//!
//! [`Model::load`] → [`Model::set_image`] → [`Picture::ask`] and [`Picture::refine`].

mod ask;
mod footprint;
mod load;
mod object;
mod parts;
mod picture;
mod refine;
mod self_check;

use std::rc::Rc;

pub use ask::{Answer, AskOptions, Token};
pub use footprint::footprint;
pub use load::{LoadOptions, ModelFiles};
pub use object::Object;
pub use parts::MemoryUsage;
pub use picture::Picture;
pub use refine::{Point, PointLabel, Prompts};

use crate::language::tokenizer::Tokenizer;
use crate::models::sa2va::{self, Chat, Config};
use parts::Parts;

/// The families that a model may be of, by their names in manifests.
pub const FAMILIES: &[&str] = &[sa2va::FAMILY];

/// A loaded model. Clones share it.
///
/// ```no_run
/// # use askmask_core::{DeviceKind, Error, Host, Model, ModelFiles, RgbImage};
/// # async fn first_object(files: ModelFiles, photo: &[u8], host: &dyn Host) -> Result<(), Error> {
/// let model = Model::load(files, DeviceKind::Cpu, host).await?;
/// let picture = model.set_image(RgbImage::decode(photo)?, host).await?;
/// let answer = picture.ask("What keeps the rain off?", &Default::default(), host).await?;
/// println!("{}", answer.text);
/// for object in &answer.objects {
///     let png: Vec<u8> = object.mask.to_png()?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Model(Rc<Inner>);

struct Inner {
    config: Config,
    tokenizer: Tokenizer,
    chat: Chat,
    max_tiles: usize,
    parts: Parts,
}

impl Model {
    /// What it costs now.
    #[must_use]
    pub fn memory_usage(&self) -> MemoryUsage {
        self.0.parts.usage()
    }

    /// The configuration it was loaded with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.0.config
    }
}
