FROM node:26-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
# What .dockerignore lets through: the sources.
COPY . ./
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:26-slim
ENV NODE_ENV=production NYNJA_DATA_DIR=/data
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
RUN mkdir /data && chown node:node /data
VOLUME /data
USER node
# Port 8081, metrics and health, is open inside the container alone unless NYNJA_ADMIN_HOST says otherwise.
EXPOSE 1883 8083 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s CMD ["node", "-e", "fetch('http://' + (process.env.NYNJA_ADMIN_HOST || '127.0.0.1').replace(/.*:.*/, '[$&]') + ':' + (Number(process.env.NYNJA_ADMIN_PORT) || 8081) + '/readyz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--enable-source-maps", "dist/server/main.js"]
