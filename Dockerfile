# Airflow with logops. `docker-compose.yaml` builds it; the tests check what they can without a container engine.
#
#   docker build --target airflow --tag logops-airflow .   # every part of Airflow in production
#   docker build --target local --tag logops-local .       # the local platform too: Loki, Azurite, agents, Alertmanager
FROM apache/airflow:3.3.2-python3.11 AS airflow
ENV LOGOPS_HOME=/opt/logops \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/logops/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/logops/plugins \
    AIRFLOW__CORE__LOAD_EXAMPLES=false
# Dependencies have their own layer, because the code changes more often. requirements.txt pins them; the tools of
# developers, which it pins too, are not installed.
COPY --chown=airflow:0 requirements.txt pyproject.toml /opt/logops/
RUN cd /opt/logops \
 && uv pip install --no-cache --constraint requirements.txt --requirement pyproject.toml \
      --extra airflow --extra audit --extra azure --extra benchmark --extra production --extra quality --extra report
COPY --chown=airflow:0 README.md LICENSE CHANGELOG.md /opt/logops/
COPY --chown=airflow:0 docs /opt/logops/docs
# tools/ says how the programs of the local platform are built. logops finds its project by this folder.
COPY --chown=airflow:0 tools /opt/logops/tools
COPY --chown=airflow:0 include /opt/logops/include
COPY --chown=airflow:0 dags /opt/logops/dags
COPY --chown=airflow:0 plugins /opt/logops/plugins
RUN uv pip install --no-cache --no-deps --editable /opt/logops
WORKDIR /opt/logops
USER airflow

# The programs, in the versions that logops expects (plugins/logops/toolchain/programs.py): it takes them from PATH.
FROM airflow AS local
COPY --from=grafana/loki:3.7.8 /usr/bin/loki /usr/local/bin/
COPY --from=grafana/loki-canary:3.7.8 /usr/bin/loki-canary /usr/local/bin/
COPY --from=grafana/promtail:3.6.15 /usr/bin/promtail /usr/local/bin/
COPY --from=prom/prometheus:v3.12.0 /bin/prometheus /usr/local/bin/
COPY --from=prom/alertmanager:v0.31.1 /bin/alertmanager /bin/amtool /usr/local/bin/
# Azurite, from the lock file in tools/azurite. The folder of all state is a volume, owned by the user of the image.
RUN logops toolchain azurite && mkdir -m 0700 /opt/logops/.logops
