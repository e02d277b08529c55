"""Where to train, and whether products may be computed in bfloat16 there."""

from __future__ import annotations

import torch


def pick_device() -> tuple[torch.device, bool]:
    """The accelerator where there is one, and whether bfloat16 is quicker than single precision on it.

    Processors with instructions for it (AVX-512 BF16, AMX) train faster with it; on others it is emulated and
    slower. Weights and their steps stay in single precision.
    """
    if torch.cuda.is_available():
        return torch.device("cuda"), torch.cuda.is_bf16_supported()
    able = torch.cpu.get_capabilities()
    return torch.device("cpu"), bool(able.get("avx512_bf16") or able.get("amx_bf16"))
