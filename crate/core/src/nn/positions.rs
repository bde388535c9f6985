//! Learned position tables, resized to the grid in use as
//! [PyTorch](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.interpolate.html) does.

/// PyTorch's `interpolate(mode="bicubic", align_corners=False)` without antialias: kernel with
/// a = −0.75, borders repeated.
///
/// `table` is `[height, width, channels]`; the result has the grid `to`.
#[must_use]
pub fn resize_bicubic(
    table: &[f32],
    from: [usize; 2],
    to: [usize; 2],
    channels: usize,
) -> Vec<f32> {
    let rows = taps(from[0], to[0]);
    let columns = taps(from[1], to[1]);
    let mut out = Vec::with_capacity(to[0] * to[1] * channels);
    for (ys, wy) in &rows {
        for (xs, wx) in &columns {
            for c in 0..channels {
                let mut sum = 0.0;
                for (&y, &wy) in ys.iter().zip(wy) {
                    let line: f32 = xs
                        .iter()
                        .zip(wx)
                        .map(|(&x, &wx)| wx * table[(y * from[1] + x) * channels + c])
                        .sum();
                    sum += wy * line;
                }
                out.push(sum);
            }
        }
    }
    out
}

/// Four source positions and weights for each of `to` outputs.
fn taps(from: usize, to: usize) -> Vec<([usize; 4], [f32; 4])> {
    let scale = from as f32 / to as f32;
    let last = from as isize - 1;
    (0..to)
        .map(|i| {
            let at = scale * (i as f32 + 0.5) - 0.5;
            let floor = at.floor();
            let t = at - floor;
            let positions =
                std::array::from_fn(|k| (floor as isize + k as isize - 1).clamp(0, last) as usize);
            (
                positions,
                [outer(t + 1.0), inner(t), inner(1.0 - t), outer(2.0 - t)],
            )
        })
        .collect()
}

const A: f32 = -0.75;

fn inner(x: f32) -> f32 {
    ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
}

fn outer(x: f32) -> f32 {
    ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A
}

/// `[channels, height, width]` → `[height, width, channels]`.
#[must_use]
pub fn channels_last(table: &[f32], channels: usize) -> Vec<f32> {
    let area = table.len() / channels.max(1);
    (0..area)
        .flat_map(|i| (0..channels).map(move |c| table[c * area + i]))
        .collect()
}
