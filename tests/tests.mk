# How the tests are built and run; included by the Makefile.

# A unit test may also use the objects of a program folder, all but its main.
PROG_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(filter-out %/main.c,\
              $(wildcard snapshotd/*.c)))
$(BUILD)/tests/unit/%_test: $(BUILD)/tests/unit/%_test.o $(PROG_OBJ) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka

unit-tests: $(UNIT)
include $(wildcard tests/*/*.mk)
# RUN may hold a wrapper, such as valgrind with its options.
check: $(UNIT)
	$(Q)rc=0; for t in $^; do $(RUN) $$t || rc=1; done; exit $$rc

# The wrappers in wrap.c stand before the calls of our own objects.
FAULT  := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fault/*_fault.c))
ENGINE := $(patsubst %,$(BUILD)/tests/fault/%.o,torture engine order wrap)
WRAPS  := $(shell sed -n 's/^CALL.[^,]*, \([a-z0-9_]*\),.*/-Wl,--wrap=\1/p' \
            tests/fault/wrap.c)
$(BUILD)/tests/fault/%_fault: $(BUILD)/tests/fault/%_fault.o $(ENGINE) \
                              $(PROG_OBJ) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) $(WRAPS) -o $@ $^ $(LDLIBS)

fault-tests: $(FAULT)
fault: $(FAULT)
	$(Q)rc=0; for t in $^; do $$t || rc=1; done; exit $$rc

# A fuzz target is linked with libFuzzer, or with replay.c to run saved inputs.
FUZZ := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/*_fuzz.c))
FUZZ_WITH ?= $(BUILD)/tests/fuzz/replay.o
$(BUILD)/tests/fuzz/%_fuzz: $(BUILD)/tests/fuzz/%_fuzz.o $(PROG_OBJ) $(LIB) \
                            $(filter %.o,$(FUZZ_WITH))
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(filter -%,$(FUZZ_WITH)) $(LDLIBS)

fuzz-tests: $(FUZZ)
fuzz:
	$(MAKE) CC=clang SAN=1 BUILD=build-fuzz CFLAGS=-fsanitize=fuzzer-no-link \
	    FUZZ_WITH=-fsanitize=fuzzer fuzz-tests
fuzz-replay: $(FUZZ)
	$(Q)rc=0; for t in $(FUZZ:$(BUILD)/tests/fuzz/%_fuzz=%); do \
	    $(BUILD)/tests/fuzz/$${t}_fuzz tests/fuzz/corpus/$$t || rc=1; \
	done; exit $$rc
