typedef int ph_placeholder;
