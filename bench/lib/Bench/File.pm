package Bench::File;
# Bench::File - whole files in and out
use strict;
use warnings;
use Exporter qw(import);

our @EXPORT_OK = qw(slurp spew);

# The bytes of a file, none when it is not there.
sub slurp {
    my ($path) = @_;
    open my $fh, '<:raw', $path or return '';
    local $/;
    return scalar(<$fh>) // '';
}

sub spew {
    my ($path, $text) = @_;
    open my $fh, '>:raw', $path or die "$path: $!\n";
    print {$fh} $text;
    close $fh or die "$path: $!\n";
}

1;
