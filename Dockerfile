# The image of Doorward: Node and what `doorward serve` needs, without a shell, for a user without a name or a home.
# docs/install.md says how to run it.
#
# Both images are pinned by tag. A release pins them by digest, too, as in
#   --build-arg BUILD_IMAGE=node:24.21.0-bookworm-slim@sha256:…
ARG BUILD_IMAGE=node:24.21.0-bookworm-slim
ARG RUNTIME_IMAGE=gcr.io/distroless/cc-debian13:nonroot

FROM ${BUILD_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build
RUN npm prune --omit=dev --ignore-scripts --no-audit --no-fund
COPY packaging/fill-compile-cache.sh ./
RUN sh ./fill-compile-cache.sh "$PWD/compile-cache" 65532

FROM ${RUNTIME_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=unknown
LABEL org.opencontainers.image.title="Doorward" \
      org.opencontainers.image.description="Authentication gateway for OpenID Connect" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
WORKDIR /app
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/compile-cache ./compile-cache
COPY package.json LICENSE ./
# A start from what Node has compiled before. Who can write to that folder can have Doorward run anything: it belongs to
# root, and must never be one below /tmp. Without it, or on another kind of processor, Node compiles as ever.
ENV NODE_COMPILE_CACHE=/app/compile-cache
ENV NODE_COMPILE_CACHE_PORTABLE=1
# Young objects in less room: docs/performance.md has what it saves.
ENV NODE_OPTIONS=--max-semi-space-size=4
# By number: Kubernetes can't tell whether a name is that of root (runAsNonRoot).
USER 65532:65532
EXPOSE 4180 4181
HEALTHCHECK --interval=30s --timeout=10s --start-period=10s --retries=3 \
  CMD ["/usr/local/bin/node", "/app/dist/main.js", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/node", "/app/dist/main.js"]
CMD ["serve"]
