//! Where tensors live.

use burn::tensor::Device;

use crate::error::Error;

/// Kind of device to compute on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceKind {
    /// Burn's CPU backend.
    Cpu,
    /// WebGPU in the browser, wgpu natively.
    Gpu,
}

/// Opens a device.
///
/// # Errors
/// [`Error::WebGpuUnavailable`] when no GPU adapter can be had.
pub async fn open(kind: DeviceKind) -> Result<Device, Error> {
    match kind {
        DeviceKind::Cpu => Ok(Device::flex()),
        DeviceKind::Gpu => {
            Device::wgpu_options()
                .init_async()
                .await
                .map_err(|e| Error::WebGpuUnavailable {
                    reason: e.to_string(),
                })
        }
    }
}
