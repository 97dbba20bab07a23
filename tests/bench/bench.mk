# Tools of scripts/bench.
$(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

bench-tools: $(patsubst %.c,$(BUILD)/%,$(wildcard tests/bench/*.c))
.PHONY: bench-tools
