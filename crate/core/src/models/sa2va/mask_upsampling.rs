//! How the mask decoder's logits come to the picture's own size.

use serde::Deserialize;

/// The field `mask_upsampling` of `config.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MaskUpsampling {
    /// Enlarged and nothing else, as in Sa2VA's own code.
    #[default]
    Bilinear,
    /// To the edges of the picture, by a guided filter over its colors. It helps a model whose
    /// logits are few, and whose objects have other colors than what is behind them.
    Guided,
}
