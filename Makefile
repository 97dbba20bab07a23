# make            build the programs into build/
# make check      unit tests, seconds          (everything: scripts/check)
# make fault      every call fails or crashes, once each; with SAN=1
# make fuzz       fuzzers into build-fuzz/, with clang; make fuzz-replay runs
#                 the saved inputs; make layers checks includes and names
# make install    DESTDIR= PREFIX=/usr/local
# V=1 shows commands; SAN=1 builds with ASan and UBSan; CC=clang works as well.

PREFIX  ?= /usr/local
BUILD   ?= build
CC      ?= gcc

PKGS := libcurl libzstd libarchive libcrypto yaml-0.1 libprotobuf-c jansson \
        libmicrohttpd libxxhash
WARN := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wvla -Wformat=2 \
        -Wmissing-prototypes -Wstrict-prototypes -Wundef
ifdef WERROR
WARN += -Werror
endif
OPT  ?= -O2 -g
HARD := -fPIE -fstack-protector-strong
ifdef SAN
HARD += -fsanitize=address,undefined -fno-sanitize-recover=undefined \
        -fno-omit-frame-pointer
else ifeq ($(findstring -O0,$(OPT)),)
HARD += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
endif
CPPFLAGS += -D_GNU_SOURCE -Ilib -I$(BUILD)/gen
ALL_CFLAGS = -std=c17 $(OPT) $(WARN) $(HARD) -UNDEBUG $(CFLAGS) \
             $(shell pkg-config --cflags $(PKGS))
LDLIBS = $(shell pkg-config --libs $(PKGS)) -lpthread
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now $(filter -fsanitize=%,$(HARD)) $(LDFLAGS)

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2))

PROGRAMS := $(foreach p,snapshotd restore provision,\
              $(if $(wildcard $(p)/main.c),lifeboat-$(p)))
PROTOS   := $(wildcard lib/*/*.proto)
PB_C     := $(PROTOS:lib/%.proto=$(BUILD)/gen/%.pb-c.c)
LIB_SRC  := $(wildcard lib/*/*.c)
LIB_OBJ  := $(LIB_SRC:%.c=$(BUILD)/%.o) $(PB_C:.c=.o)
LIB      := $(BUILD)/liblifeboat.a
UNIT     := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/*_test.c))

all: $(PROGRAMS:%=$(BUILD)/%)
lib: $(LIB)

$(LIB): $(LIB_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/gen/%.pb-c.c $(BUILD)/gen/%.pb-c.h: lib/%.proto
	$(call say,PROTO,$<)
	$(Q)mkdir -p $(@D) && protoc-c --proto_path=lib --c_out=$(BUILD)/gen $<

# Generated code is not ours to make warning-free.
$(BUILD)/gen/%.o: $(BUILD)/gen/%.c
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) -std=c17 $(OPT) $(HARD) -w -c -o $@ $<

$(BUILD)/%.o: %.c | $(PB_C)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

define program
$(BUILD)/lifeboat-$(1): $$(patsubst %.c,$(BUILD)/%.o,$$(wildcard $(1)/*.c)) $(LIB)
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(ALL_LDFLAGS) -o $$@ $$^ $$(LDLIBS)
endef
$(foreach p,snapshotd restore provision,$(eval $(call program,$(p))))

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

layers: all $(LIB) $(PROG_OBJ)
	$(Q)BUILD=$(BUILD) scripts/layers

# For tools that read the sources themselves.
print-flags: $(PB_C)
	@printf '%s\n' '$(CPPFLAGS) -std=c17 $(shell pkg-config --cflags $(PKGS))'

clean:
	rm -rf $(BUILD)

.PHONY: all lib check unit-tests fault fault-tests fuzz fuzz-tests fuzz-replay \
        layers print-flags clean install
.SECONDARY:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
