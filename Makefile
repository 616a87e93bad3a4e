# Tasks for those who have make. The first two are scripts that need nothing but Python and git.
PYTHON := .venv/bin/python
EVERY := 1
SERVERS := mariadb mysql
CRASH := 200
EXAMPLES := 1000
ROWS := 10000 100000 1000000
TEAMS := 20
VOTERS := 8
SECONDS := 60
# An earlier state of this project: without decks, issues and rounds.
RELEASE := b31c980

.DEFAULT_GOAL := help
.PHONY: help run test test-sqlite test-mariadb test-mysql coverage sizetest lint format types migrations constraints messages \
	screenshots crashtest crashtest-sqlite galeratest djangosuite thirdpartytest roundtriptest schemathesis observatory loadtest soak faulttest audit bench bench-migrate bench-upgrade bench-serving bench-backup bench-room databases mariadb mysql secrets up down trial clean

help: ## list these tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## serve at http://127.0.0.1:8000 (PORT=… for another port)
	./scripts/run

test: ## all checks, then all tests on SQLite, MariaDB and MySQL
	./scripts/test

test-sqlite: ## all tests on SQLite only
	ENGINES=sqlite ./scripts/test --quiet

test-mariadb: ## all tests on a throw-away MariaDB
	ENGINES=mariadb ./scripts/test --quiet

test-mysql: ## all tests on a throw-away MySQL
	ENGINES=mysql ./scripts/test --quiet

coverage: ## all tests on SQLite, and which lines they did not reach
	ENGINES=sqlite ./scripts/test --quiet --cov

sizetest: ## a hundred thousand groups of the Flask version, up, down and up, on the three engines (five minutes)
	MANY_GROUPS=100000 ./scripts/test --quiet estimation/tests/test_legacy_size.py

lint: ## all checks without the tests
	ENGINES=none ./scripts/test

format: ## put Python and templates into their form
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .
	find estimation issues users groups -name '*.html' -exec $(PYTHON) -m djlint --quiet --reformat {} +

migrations: ## write migrations for changed models
	$(PYTHON) manage.py makemigrations

constraints: ## pin what is installed now, after a package was added or raised
	sed '/^#/!d' constraints.txt > constraints.new
	$(PYTHON) -m pip freeze --exclude-editable | LC_ALL=C sort -f >> constraints.new
	mv constraints.new constraints.txt

messages: ## collect the texts to translate, and compile the translations (needs gettext)
	$(PYTHON) manage.py makemessages --all --no-obsolete --no-location
	$(PYTHON) manage.py compilemessages --ignore .venv

screenshots: ## make the README's pictures anew (needs chromium)
	ENGINES=sqlite SCREENSHOTS=docs/images ./scripts/test --quiet -m browser -k screenshot

crashtest: ## kill `migrate` at every moment, and the server under it, and go on or back (hours; EVERY=9 for a part, SERVERS=mysql for one)
	for engine in $(SERVERS); do for what in "" --abort; do \
		python3 scripts/databases.py run $$engine -- $(PYTHON) -m evolution.tests.crash up down $$what \
			--every $(EVERY) --at-least $(if $(filter 1 9,$(EVERY)),416,1) || exit 1; done; \
		PYTHONPATH=scripts $(PYTHON) -m evolution.tests.crash.servers $$engine up down --at-least 50 || exit 1; done
	for engine in $(SERVERS); do \
		python3 scripts/databases.py run $$engine -- $(PYTHON) -m evolution.tests.counting || exit 1; done

crashtest-sqlite: ## the same for SQLite: killed at its system calls, full disks, lost power (CRASH=all for every call: two and a half hours)
	CRASH=$(CRASH) ENGINES=sqlite ./scripts/test --quiet evolution/tests/test_crash_sqlite.py \
		evolution/tests/test_power_loss.py evolution/tests/test_backups_killed.py

schemathesis: ## a thousand requests of each kind for each operation of the API: every answer is one of its OpenAPI document (EXAMPLES=…; eight minutes)
	EXAMPLES=$(EXAMPLES) ENGINES=sqlite ./scripts/test --quiet issues/tests/test_api_conformance.py

observatory: ## the grade that the MDN HTTP Observatory gives the site behind the shipped nginx and Caddy (needs node 20 and npm)
	$(PYTHON) scripts/observatory.py

roundtriptest: ## five hundred made-up schemas on each engine, up, down and up again: every value is there (ten minutes)
	ROUND_TRIPS=500 ./scripts/test --quiet evolution/tests/test_round_trips.py

thirdpartytest: ## other people's histories through `migrate`, killed by chance (half an hour; needs a package index)
	test -d .venv-thirdparty || python3 -m venv .venv-thirdparty
	.venv-thirdparty/bin/pip install --quiet --requirement evolution/tests/thirdparty/requirements.txt
	rm -f thirdparty.sqlite3*
	DATABASE_URL=sqlite:///thirdparty.sqlite3 .venv-thirdparty/bin/python -m evolution.tests.thirdparty
	rm -f thirdparty.sqlite3*
	for engine in mariadb mysql; do \
		python3 scripts/databases.py run $$engine -- .venv-thirdparty/bin/python -m evolution.tests.thirdparty || exit 1; done

djangosuite: ## Django's own tests of migrations on this project's backend and executor, beside stock Django's
	$(PYTHON) scripts/djangosuite.py
	python3 scripts/databases.py run mariadb -- $(PYTHON) scripts/djangosuite.py

galeratest: ## run `migrate` on three nodes of a Galera cluster, with clients and nodes that die (five minutes)
	GALERA=1 DATABASE_URL=sqlite:///:memory: $(PYTHON) -m pytest evolution/tests/galera

loadtest: ## teams play whole sessions, and every word that the site gave them is kept (a minute; TEAMS, VOTERS, SECONDS)
	$(PYTHON) -m estimation.tests.load --teams $(TEAMS) --voters $(VOTERS) --seconds $(SECONDS)
	python3 scripts/databases.py run mariadb -- $(PYTHON) -m estimation.tests.load --teams $(TEAMS) --voters $(VOTERS) --seconds $(SECONDS)

soak: ## the same for an hour on MariaDB: memory, threads, files and connections stay as they are
	python3 scripts/databases.py run mariadb -- $(PYTHON) -m estimation.tests.load --teams 6 --voters 5 --seconds 3600

faulttest: ## teams play while parts of a site, its database and a cluster are killed and frozen (half an hour)
	FAULTS=1 DATABASE_URL=sqlite:///:memory: $(PYTHON) -m pytest estimation/tests/faults --junitxml=test-results/faults.xml

audit: ## ask OSV whether something that is installed has a known hole (fails where it can't tell)
	test -d .venv-audit || python3 -m venv .venv-audit
	.venv-audit/bin/pip install --quiet --constraint constraints.txt pip-audit
	PIPAPI_PYTHON_LOCATION=$(PYTHON) .venv-audit/bin/pip-audit --strict --progress-spinner off --vulnerability-service osv

bench: bench-migrate bench-upgrade bench-serving bench-backup bench-room ## all benches, one after the other

bench-migrate: ## what the checks, the journal and the account of `migrate` cost, beside Django's own (five minutes)
	$(PYTHON) scripts/bench_migrate.py
	for engine in mariadb mysql; do \
		python3 scripts/databases.py run $$engine -- $(PYTHON) scripts/bench_migrate.py || exit 1; done

bench-upgrade: ## the Flask version's groups to an owner and back, beside stock Django, Alembic, pt-osc and plain SQL (ROWS="10000 10000000" for other sizes; a quarter of an hour)
	$(PYTHON) scripts/bench_upgrade.py --rows $(ROWS)
	for engine in mariadb mysql; do \
		python3 scripts/databases.py run $$engine -- $(PYTHON) scripts/bench_upgrade.py --rows $(ROWS) || exit 1; done

bench-serving: ## the Flask version, then an earlier release, serve a million groups while `migrate` runs under them (twenty minutes)
	for engine in mariadb mysql; do for release in "" --release=$(RELEASE); do \
		python3 scripts/databases.py run $$engine -- $(PYTHON) scripts/bench_serving.py $$release || exit 1; done; done

bench-backup: ## what backup and rehearsal take for a million groups, beside the dump program alone
	$(PYTHON) scripts/bench_backup.py
	for engine in mariadb mysql; do \
		python3 scripts/databases.py run $$engine -- $(PYTHON) scripts/bench_backup.py || exit 1; done

bench-room: ## how soon a whole room knows of a vote, with 10 to 1,000 people, on SQLite and MariaDB
	$(PYTHON) scripts/bench_room.py
	python3 scripts/databases.py run mariadb -- $(PYTHON) scripts/bench_room.py
	python3 scripts/databases.py run mariadb -- $(PYTHON) scripts/bench_room.py --people 100 500 --processes 2
	python3 scripts/databases.py run mariadb -- $(PYTHON) scripts/bench_room.py --people 100 500 --processes 2 --redis

databases: ## download MariaDB and MySQL for the tests, installing nothing
	python3 scripts/databases.py fetch mariadb
	python3 scripts/databases.py fetch mysql

mariadb: ## a shell with DATABASE_URL set to a throw-away MariaDB
	python3 scripts/databases.py run mariadb -- $${SHELL:-sh}

mysql: ## a shell with DATABASE_URL set to a throw-away MySQL
	python3 scripts/databases.py run mysql -- $${SHELL:-sh}

secrets: ## make the passwords that docker-compose.yml reads
	./scripts/secrets

up: secrets ## serve with Docker, on MySQL
	docker compose up --build --detach --wait

down: ## stop what `make up` started; the data stays
	docker compose down

trial: ## try the two commands in a bare Debian root (needs root and debootstrap; 15 minutes)
	./scripts/trial

clean: ## remove what can be made again, except .venv and databases
	rm -rf staticfiles test-results .observatory .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage
