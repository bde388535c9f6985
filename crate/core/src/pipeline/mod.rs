//! From bytes to masks: the only module that knows every stage.
//!
//! [`Model::load`] → [`Model::set_image`] → [`Picture::ask`] and [`Picture::refine`].

mod ask;
mod convert;
mod footprint;
mod load;
mod object;
mod parts;
mod picture;
mod refine;
mod self_check;

use std::rc::Rc;

pub use ask::{Answer, AskOptions, Token};
pub use convert::RawCheckpoint;
pub use footprint::footprint;
pub use load::{CheckedFiles, LoadOptions, ModelFiles};
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
/// ```
/// use askmask_core::pipeline::FAMILIES;
/// use askmask_core::weights::{Files, Manifest, Stored};
/// use askmask_core::{AskOptions, DeviceKind, Error, Model, ModelFiles, QuietHost, SourceImage};
///
/// # let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
/// # let folder = format!("{root}/models/nano");
/// # let photo = std::fs::read(format!("{root}/web/public/samples/street.webp")).unwrap();
/// let manifest = std::fs::read_to_string(format!("{folder}/manifest.json")).unwrap();
/// let manifest = Manifest::parse(&manifest, FAMILIES)?;
/// let stored = Stored::new(manifest, Box::new(Files::new(folder.into())));
/// pollster::block_on(async {
///     let files = ModelFiles::from_stored(stored)?;
///     let model = Model::load(files, DeviceKind::Cpu, &QuietHost).await?;
///     let picture = model.set_image(SourceImage::decode(&photo)?, &QuietHost).await?;
///     let options = AskOptions::default();
///     let answer = picture.ask("Where is the bus?", &options, &QuietHost).await?;
///     println!("{}", answer.text);
///     std::fs::write(std::env::temp_dir().join("bus.png"), answer.objects[0].mask.to_png()?)
///         .unwrap();
///     Ok::<_, Error>(())
/// })?;
/// # Ok::<_, Error>(())
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
