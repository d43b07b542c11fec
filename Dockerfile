# SPDX-License-Identifier: Apache-2.0
# Dockerfile -- mqttspec and its reference broker in a small image.
#
#   docker build -t mqttspec .
#   docker run --rm --network host -v "$PWD/report:/report" mqttspec run mqtt://127.0.0.1:1883 --report /report
#   docker run --rm --entrypoint mqttspec-broker -p 1883:1883 mqttspec --acceptor 'tcp://0.0.0.0:1883'
FROM debian:bookworm-slim AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends make \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY tools/setup.sh tools/setup.sh
RUN tools/setup.sh build
COPY . .
RUN make all && make install PREFIX=/opt/mqttspec

FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
    libcjson1 libinih1 libpaho-mqtt1.3 libpcap0.8 libsqlite3-0 libssl3 libsubunit0 libwslay1 openssl \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/mqttspec /usr/local
# Nothing it does needs a privilege.
RUN useradd --create-home --uid 1000 mqttspec && install -d -o mqttspec /report
USER mqttspec
WORKDIR /home/mqttspec
ENTRYPOINT ["mqttspec"]
CMD ["run", "--report", "/report"]
