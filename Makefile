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

include tests/tests.mk

layers: all $(LIB) $(PROG_OBJ)
	$(Q)BUILD=$(BUILD) scripts/layers

# For tools that read the sources themselves.
print-flags: $(PB_C)
	@printf '%s\n' '$(CPPFLAGS) -std=c17 $(shell pkg-config --cflags $(PKGS))'

# ---- installation ----

BINDIR  := $(PREFIX)/bin
MANDIR  := $(PREFIX)/share/man/man8
COMPDIR := $(PREFIX)/share/bash-completion/completions
UNITDIR ?= $(PREFIX)/lib/systemd/system
DATADIR := $(PREFIX)/share/lifeboat
I := install -D -m

# The man pages and the completion come out of the programs' own tables.
install: all
	$(Q)for p in $(PROGRAMS); do \
	    $(I) 755 $(BUILD)/$$p $(DESTDIR)$(BINDIR)/$$p; \
	    $(BUILD)/$$p --man > $(BUILD)/$$p.8; \
	    $(BUILD)/$$p --completion > $(BUILD)/$$p.bash; \
	    $(I) 644 $(BUILD)/$$p.8 $(DESTDIR)$(MANDIR)/$$p.8; \
	    $(I) 644 $(BUILD)/$$p.bash $(DESTDIR)$(COMPDIR)/$$p; \
	done
	$(Q)sed 's|@BINDIR@|$(BINDIR)|g' share/systemd/lifeboat-snapshotd.service.in \
	    > $(BUILD)/lifeboat-snapshotd.service
	$(Q)$(I) 644 $(BUILD)/lifeboat-snapshotd.service \
	    $(DESTDIR)$(UNITDIR)/lifeboat-snapshotd.service
	$(Q)$(I) 644 share/prometheus/lifeboat.rules.yml \
	    $(DESTDIR)$(DATADIR)/lifeboat.rules.yml
	$(Q)$(I) 644 share/snapshotd.yml.example \
	    $(DESTDIR)$(DATADIR)/snapshotd.yml.example

uninstall:
	rm -f $(foreach p,$(PROGRAMS),$(DESTDIR)$(BINDIR)/$(p) \
	    $(DESTDIR)$(MANDIR)/$(p).8 $(DESTDIR)$(COMPDIR)/$(p))
	rm -f $(DESTDIR)$(UNITDIR)/lifeboat-snapshotd.service
	rm -rf $(DESTDIR)$(DATADIR)

clean:
	rm -rf $(BUILD)

.PHONY: all lib check unit-tests fault fault-tests fuzz fuzz-tests fuzz-replay \
        layers print-flags clean install uninstall
.SECONDARY:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
