//! What every stage computed, for proofs against the reference implementation and for showing
//! how words become a mask.

use serde::Serialize;

/// A place of the pipeline at which a tensor can be observed. The comment of each says what the
/// event's `index` counts, and the shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(rename_all = "kebab-case")]
pub enum TraceStage {
    /// Tile: normalized pixels, `[1, 3, side, side]`.
    PixelValues,
    /// Tile: patches, class token and positions, `[1, 1 + grid², width]`.
    VitEmbeddings,
    /// Tile: the vision tower's output, `[1, 1 + grid², width]`.
    VitLastHidden,
    /// Tile: four patches a row, `[1, grid²/4, 4·width]`.
    PixelShuffled,
    /// Tile: vision tokens, `[1, grid²/4, llm width]`.
    ImageTokens,
    /// 0: the whole picture's normalized pixels, `[1, 3, side, side]`.
    SamPixelValues,
    /// Stage of the trunk: its last feature map, `[1, h, w, channels]`.
    HieraStage,
    /// Level of the pyramid, finest first: `[1, d_model, h, w]`.
    Fpn,
    /// Stride 4, 8, 16: what the mask decoder reads, `[1, channels, h, w]`.
    SamImageEmbedding,
    /// 0: input embeddings of the positions that are read at once, `[1, count, width]`.
    LmInputsEmbeds,
    /// Layer: its output for the positions that are read at once, `[1, count, width]`. Not told
    /// for single tokens.
    LmHidden,
    /// Token of the answer: logits over the vocabulary, `[1, 1, vocabulary]`.
    StepLogits,
    /// Token of the answer: its state after the final norm, `[1, 1, width]`.
    StepHidden,
    /// Object: the state of its `[SEG]`, `[1, 1, width]`.
    SegHidden,
    /// Object: the prompt that the state becomes, `[1, 1, d_model]`.
    SegEmbedding,
    /// Object: sparse prompt tokens, `[1, tokens, d_model]`.
    PromptSparse,
    /// Object: logits of all candidates, `[4, side/4, side/4]`.
    MaskLogits,
    /// Object: predicted IoU of all candidates, `[4]`.
    MaskIou,
    /// Object: logit of the object being in the picture, `[1]`.
    ObjectScore,
}

/// One tensor as one stage made it.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
pub struct TraceEvent {
    pub stage: TraceStage,
    /// Which tile, layer, token or object, see [`TraceStage`].
    pub index: usize,
    /// Dimensions.
    pub shape: Vec<usize>,
    /// Row-major.
    #[cfg_attr(feature = "typescript", tsify(type = "Float32Array"))]
    pub values: Vec<f32>,
}
