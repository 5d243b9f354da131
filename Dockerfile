# The image that `reconcile:` of platform.yaml names: woow, git and ssh, and no root.
FROM node:24-bookworm-slim AS build
WORKDIR /src
COPY .npmrc package.json package-lock.json ./
# woow is one bundle: what it is made from is needed here only
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY schemas ./schemas
COPY scripts ./scripts
COPY src ./src
RUN node scripts/build.ts

FROM node:24-bookworm-slim
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates git openssh-client \
  && rm -rf /var/lib/apt/lists/* /usr/local/lib/node_modules \
  # ssh asks for the name of who runs it
  && groupadd --gid 65532 woow \
  && useradd --uid 65532 --gid 65532 --home-dir /work --shell /usr/sbin/nologin woow \
  && install --directory --owner=woow --group=woow /work
COPY package.json /opt/woow/
COPY catalog /opt/woow/catalog
COPY charts /opt/woow/charts
COPY schemas /opt/woow/schemas
COPY --from=build /src/build /opt/woow/build
ENV NODE_ENV=production
WORKDIR /work
USER 65532:65532
EXPOSE 9464
ENTRYPOINT ["node", "/opt/woow/build/woow.js"]
CMD ["--help"]
