"""Quality of the service's own functions on public data: `python -m askpanel.consensus.bench`.

One BLAS thread, set here because numpy reads it once, when first imported: at these sizes more threads only
wait for one another.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
