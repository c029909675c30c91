# The worker: `docker build -t xmlshred .`, then `docker run -e XMLSHRED_SERVER=db1 -e XMLSHRED_DATABASE=credit
# -e XMLSHRED_USER=worker -v FOLDER:/work xmlshred run`, where FOLDER has contract.toml and the file of
# the password. No shell, no root, no embedded store.
FROM rust:1-bookworm AS build
WORKDIR /xmlshred
COPY . .
RUN cargo build --release --locked --no-default-features --features sqlserver && mkdir /work

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /xmlshred/target/release/xmlshred /usr/bin/xmlshred
COPY --from=build /xmlshred/LICENSE-APACHE /xmlshred/LICENSE-MIT /usr/share/doc/xmlshred/
COPY --from=build --chown=nonroot:nonroot /work /work
WORKDIR /work
USER nonroot
ENTRYPOINT ["/usr/bin/xmlshred"]
CMD ["run"]
