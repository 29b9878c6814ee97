# GANscope in a container.
#
#   docker build -t ganscope .
#   docker run -p 8501:8501 -e GANSCOPE_TOKEN=a-secret-of-your-own -v ganscope:/data ganscope
#   then http://localhost:8501/?access=a-secret-of-your-own
#
# Under another host name than localhost, name both: -e STREAMLIT_SERVER_ALLOWED_HOSTS="localhost lab.example.org"
#
# DEVICE       cpu (default), or cuda: build with --build-arg DEVICE=cuda and run with --gpus all.
# TORCH_INDEX  where torch and torchvision come from. Empty: the standard index, whose Linux wheels serve both devices
#              but carry CUDA's libraries (about 5 GB). Give PyTorch's index of CPU-only wheels for an image of under
#              2 GB; its address stands on PyTorch's own installation page.
# EXTRA        another file of requirements to install: requirements-ray.txt, for sweeps on a Ray cluster.
#
# deploy/ has compose files and a Kubernetes manifest for it.

FROM python:3.12-slim

ARG DEVICE=cpu
ARG TORCH_INDEX=""
ARG EXTRA=""

WORKDIR /app
COPY requirements.txt requirements-ray.txt ./
RUN if [ -n "$TORCH_INDEX" ]; then \
      grep -E '^torch(vision)?>' requirements.txt | pip install --no-cache-dir --index-url "$TORCH_INDEX" -r /dev/stdin; \
    fi \
 && pip install --no-cache-dir --retries 5 -r requirements.txt ${EXTRA:+-r "$EXTRA"}

COPY .streamlit/ .streamlit/
COPY assets/ assets/
COPY gan_core/ gan_core/
COPY pages/ pages/
COPY app.py LICENSE ./

RUN useradd --create-home --uid 1000 ganscope \
 && mkdir -p /data/runs /data/sets \
 && chown -R ganscope /data
USER ganscope

ENV GANSCOPE_RUNS=/data/runs \
    GANSCOPE_DATA=/data/sets \
    GANSCOPE_DEVICE=${DEVICE} \
    PYTHONUNBUFFERED=1
VOLUME /data
EXPOSE 8501

HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request; below = os.environ.get('STREAMLIT_SERVER_BASE_URL_PATH', '').strip('/'); urllib.request.urlopen('http://127.0.0.1:8501/' + below + '/' * bool(below) + '_stcore/health', timeout=4)"]

# Every address, because a container's own loopback cannot be reached from outside; app.py insists on GANSCOPE_TOKEN.
# exec form: SIGTERM reaches the server itself, which stops and saves every run within ten seconds.
STOPSIGNAL SIGTERM
CMD ["streamlit", "run", "app.py", "--server.address", "0.0.0.0", "--server.port", "8501"]
